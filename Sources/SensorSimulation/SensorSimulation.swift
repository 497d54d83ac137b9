// SensorSimulation
