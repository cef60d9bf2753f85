"""Quality section of the Evaluate page: scores with intervals, class by class."""
