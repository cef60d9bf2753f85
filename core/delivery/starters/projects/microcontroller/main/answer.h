// The rule that turns the network's numbers into an answer; that of predict.py in Darkroom's Python bundle.
#pragma once

#include <cmath>

#include "labels.h"

struct Outputs {
  float probabilities[kClassCount];
  // Higher for pictures of none of the classes; 0 where the network gives none.
  float stranger_score;
};

struct Answer {
  bool is_chosen[kClassCount];
  bool is_stranger;
  bool is_unsure;
};

// Class of a picture that shows one: of the classes that reach their threshold, the one that exceeds it by the
// greatest factor; if none does, the most probable class without a threshold.
inline int best_class(const float* probabilities) {
  int reached = -1, below = -1, open = -1;
  for (int i = 0; i < kClassCount; ++i) {
    const auto exceeds = [&](int other) {
      return other < 0 || probabilities[i] / std::fmax(kThresholds[i], 1e-9f) >
                              probabilities[other] / std::fmax(kThresholds[other], 1e-9f);
    };
    if (kThresholds[i] == kNone) {
      if (open < 0 || probabilities[i] > probabilities[open]) open = i;
    } else if (probabilities[i] >= kThresholds[i]) {
      if (exceeds(reached)) reached = i;
    } else if (exceeds(below)) {
      below = i;
    }
  }
  return reached >= 0 ? reached : open >= 0 ? open : below;
}

inline Answer decide(const Outputs& outputs) {
  Answer answer = {};
  float confidence = 1;
  if (kHasSeveralLabels) {
    for (int i = 0; i < kClassCount; ++i) {
      const float probability = outputs.probabilities[i];
      answer.is_chosen[i] = probability >= kThresholds[i];
      confidence *= answer.is_chosen[i] ? probability : 1 - probability;
    }
  } else {
    const int best = best_class(outputs.probabilities);
    answer.is_chosen[best] = true;
    confidence = outputs.probabilities[best];
  }
  answer.is_stranger = kHasStrangerLimit && outputs.stranger_score > kStrangerLimit;
  answer.is_unsure = confidence < kLeastConfidence;
  return answer;
}
