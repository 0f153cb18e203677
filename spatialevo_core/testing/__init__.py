"""What every task, dataset and parser promises, as checks for your own tests and for `check`.

::

    def test_my_task_keeps_its_promises():
        check_task(TASK, [MyView.of(my_world)]).require()


    def test_my_dataset_keeps_its_promises(tmp_path):
        write_two_worlds(tmp_path)
        check_dataset(MyDataset(), tmp_path, [MyView]).require()


    def test_my_parser_keeps_its_promises():
        check_parser(MyParser(), [MyView.of(my_world)], [TASK]).require()

A `Report` says which promises were kept, how others were broken, and in `remarks` what was not
seen or takes long.
"""

from spatialevo_core.testing.datasets import check_dataset
from spatialevo_core.testing.fingerprints import fingerprint
from spatialevo_core.testing.parsers import check_parser
from spatialevo_core.testing.reports import Check, Report
from spatialevo_core.testing.tasks import check_task
from spatialevo_core.testing.views import sample_views

__all__ = [
    "Check",
    "Report",
    "check_dataset",
    "check_parser",
    "check_task",
    "fingerprint",
    "sample_views",
]
