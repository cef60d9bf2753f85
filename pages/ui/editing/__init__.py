"""Changes of pictures from any page: tiles, actions on selected pictures, undo."""
