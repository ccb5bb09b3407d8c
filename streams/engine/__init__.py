"""What Faust lacks: batch delivery, strict flush, merging tables; knows nothing of dialers."""
