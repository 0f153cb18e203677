"""Run by `check_dataset` in another process: what a dataset lists and loads there.

Reads a pickled `(dataset, root, ids)` from stdin; prints all ids, and the fingerprints of those.
"""

import json
import pickle
import sys

from spatialevo_core.testing.fingerprints import fingerprint

if __name__ == "__main__":
    # from the process that started this one
    dataset, root, ids = pickle.load(sys.stdin.buffer)  # noqa: S301
    prints = {each: fingerprint(dataset.load(root, each)) for each in ids}
    sys.stdout.write("\n" + json.dumps([list(dataset.ids(root)), prints]) + "\n")
