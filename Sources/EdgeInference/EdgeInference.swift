// EdgeInference
