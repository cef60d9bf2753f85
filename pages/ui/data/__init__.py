"""The sections of the Data page, one module each: ``show(project, dataset)`` draws it."""
