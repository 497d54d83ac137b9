// BusMosquitto
