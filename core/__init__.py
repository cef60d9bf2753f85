"""Darkroom's engine: everything the pages do, without a page.

Folders import only what stands above them: errors, messages, files, workspace,
data, models, training, evaluation, delivery, jobs, api, __main__.
"""

__version__ = "0.1.0"
