// ModelDelta
