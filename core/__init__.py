"""Engine of Darkroom: everything the pages do, without a page.

A folder imports only from those before it: the single files (errors, messages, files,
records, …), workspace and uploads, jobs, data, models, training, doctor, search,
evaluation, delivery, runs, api, cli, __main__. ``tests/test_architecture.py`` holds the order.
"""

__version__ = "0.1.0"
