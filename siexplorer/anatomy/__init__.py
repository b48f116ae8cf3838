"""What is known: structures, landmarks, movements, zones and the sources they rest on."""
