"""What is declared: files, services, pools, the catalogue."""
