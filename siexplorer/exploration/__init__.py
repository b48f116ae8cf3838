"""One exploration: what is selected, shown, posed and undone. No Qt, no VTK."""
