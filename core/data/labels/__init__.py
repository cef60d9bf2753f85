"""Labels of pictures: folder layouts, label tables, label sets and class names."""
