// The network as it is, in the flash memory: tensors in it must stand at multiples of 16.
    .section .rodata
    .balign 16
    .global model_data
model_data:
    .incbin "model.tflite"
    .balign 4
