"""Questions about a world, the rules that refuse them, their answers, and how tasks plug in.

Knows nothing of rooms: what is spatial lives in the plugins. Imports neither numpy nor torch.
"""

from spatialevo_core._version import __version__ as __version__
