"""Import formats: the layouts in which labelling tools, clouds and datasets give pictures and labels.

``table.py`` lists them. ``understanding`` chooses among them by evidence.
"""
