// BusTesting
