#include "camera.h"

#include "esp_camera.h"
#include "esp_heap_caps.h"
#include "stretch.h"

namespace {
constexpr int kWidth = 320, kHeight = 240;
uint8_t* picture = nullptr;

// Pins of the ESP32-S3-EYE, and of many boards that copy it. Others: see the board's manual.
camera_config_t board_config() {
  camera_config_t config = {};
  config.pin_pwdn = -1;
  config.pin_reset = -1;
  config.pin_xclk = 15;
  config.pin_sccb_sda = 4;
  config.pin_sccb_scl = 5;
  config.pin_d0 = 11;
  config.pin_d1 = 9;
  config.pin_d2 = 8;
  config.pin_d3 = 10;
  config.pin_d4 = 12;
  config.pin_d5 = 18;
  config.pin_d6 = 17;
  config.pin_d7 = 16;
  config.pin_vsync = 6;
  config.pin_href = 7;
  config.pin_pclk = 13;
  return config;
}
}  // namespace

bool begin_camera() {
  camera_config_t config = board_config();
  config.xclk_freq_hz = 20000000;
  config.ledc_timer = LEDC_TIMER_0;
  config.ledc_channel = LEDC_CHANNEL_0;
  config.pixel_format = PIXFORMAT_RGB565;
  config.frame_size = FRAMESIZE_QVGA;
  config.fb_count = 2;
  config.fb_location = CAMERA_FB_IN_PSRAM;
  // One answer takes longer than a picture: the newest counts.
  config.grab_mode = CAMERA_GRAB_LATEST;
  picture = static_cast<uint8_t*>(heap_caps_malloc(3 * kWidth * kHeight, MALLOC_CAP_SPIRAM));
  return picture != nullptr && esp_camera_init(&config) == ESP_OK;
}

bool take_picture(uint8_t* square, int size) {
  camera_fb_t* frame = esp_camera_fb_get();
  if (frame == nullptr) return false;
  const bool is_whole = frame->len == 2 * kWidth * kHeight;
  if (is_whole) {
    widen_colours(frame->buf, kWidth * kHeight, picture);
    stretch(picture, kWidth, kHeight, square, size);
  }
  esp_camera_fb_return(frame);
  return is_whole;
}
