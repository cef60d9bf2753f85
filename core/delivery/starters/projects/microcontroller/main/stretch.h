// Stretch of a picture to the network's square, as Darkroom does it in training: Pillow's bilinear filter.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

// Pixels of one side that a stretched pixel is averaged from. The filter widens as it shrinks.
struct Window {
  int first;
  int end;
  float center;
  float reach;

  float weight(int at) const { return std::max(0.0f, 1.0f - std::fabs((at + 0.5f - center) / reach)); }
};

inline Window window_of(int index, int length, int size) {
  const float scale = static_cast<float>(length) / size;
  const float reach = std::max(1.0f, scale);
  const float center = (index + 0.5f) * scale;
  const int first = std::max(0, static_cast<int>(center - reach + 0.5f));
  const int end = std::min(length, static_cast<int>(center + reach + 0.5f));
  return {first, end, center, reach};
}

// picture: red, green and blue of each pixel, row by row. square: the same, size × size pixels.
inline void stretch(const uint8_t* picture, int width, int height, uint8_t* square, int size) {
  for (int y = 0; y < size; ++y) {
    const Window down = window_of(y, height, size);
    for (int x = 0; x < size; ++x) {
      const Window across = window_of(x, width, size);
      float sums[3] = {0, 0, 0};
      float total = 0;
      for (int row = down.first; row < down.end; ++row) {
        for (int column = across.first; column < across.end; ++column) {
          const float weight = down.weight(row) * across.weight(column);
          const uint8_t* pixel = picture + 3 * (static_cast<size_t>(row) * width + column);
          total += weight;
          for (int colour = 0; colour < 3; ++colour) sums[colour] += weight * pixel[colour];
        }
      }
      for (int colour = 0; colour < 3; ++colour) {
        *square++ = static_cast<uint8_t>(sums[colour] / total + 0.5f);
      }
    }
  }
}

// Colours of 5, 6 and 5 bits, the high byte first, as cameras send them.
inline void widen_colours(const uint8_t* packed, size_t pixels, uint8_t* picture) {
  for (size_t i = 0; i < pixels; ++i) {
    const uint16_t word = static_cast<uint16_t>(packed[2 * i] << 8 | packed[2 * i + 1]);
    const uint8_t red = word >> 11, green = word >> 5 & 63, blue = word & 31;
    picture[3 * i] = static_cast<uint8_t>(red << 3 | red >> 2);
    picture[3 * i + 1] = static_cast<uint8_t>(green << 2 | green >> 4);
    picture[3 * i + 2] = static_cast<uint8_t>(blue << 3 | blue >> 2);
  }
}
