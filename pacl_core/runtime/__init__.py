"""How a run is carried out: settings of the machine, threads, progress, locks, scratch of unfinished work."""
