// The camera of the board. Its pins stand in camera.cc.
#pragma once

#include <cstdint>

bool begin_camera();

// Takes a picture and stretches it to size × size pixels: red, green and blue of each.
bool take_picture(uint8_t* square, int size);
