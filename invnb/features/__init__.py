"""Calendar, lags, price and promotion features, segments."""
