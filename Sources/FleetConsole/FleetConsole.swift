// FleetConsole
