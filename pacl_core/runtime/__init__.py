"""How a run is done: settings of the machine, threads, progress, locks, scratch for unfinished work."""
