"""What is special to each kind of system under test; everything else is the same for all."""
