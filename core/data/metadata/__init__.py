"""Removal of picture metadata: location, time, camera, thumbnails, comments.

The bytes of the pixels do not change, nor do colour profiles, transparency and animations.
The orientation stays, because the picture is not upright without it. Cameras and phones write
no metadata into formats that are not handled here.
"""
