"""Microcontroller starter: the int8 network in TensorFlow Lite Micro, on boards with an ESP32-S3."""
