"""The certificate of the answers under noise: `PYTHONPATH=tests python benchmarks/certificate.py`.

Random questions of every task in generated rooms, judged on the scene as it is and on noisy
copies of it; six minutes on one core. `tests/test_certificate.py` holds the same table to what was
promised. `bias`, `spread` and the band are those of numbers, in metres or square metres.
"""

from certifying import DRAWS, PER_SCENE, ROOMS, certify, credulous, synthetic, table
from noise import point_noise, surface_noise
from spatialevo_core.plugins import load

TASKS = tuple(load().tasks.values())
FEW = ROOMS[:4]

print(f"Surface noise: {len(ROOMS)} rooms, {DRAWS} draws")
print(table(certify(TASKS, synthetic(ROOMS), surface_noise, DRAWS, PER_SCENE)))
print("\nSurface noise, without the rules about noise")
bare = [credulous(task) for task in TASKS]
print(table(certify(bare, synthetic(FEW), surface_noise, 5, PER_SCENE)))
print("\n2 cm on every point")
print(table(certify(TASKS, synthetic(FEW), point_noise, 5, PER_SCENE)))
