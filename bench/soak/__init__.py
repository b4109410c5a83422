"""Everything at once for as long as it is let: declares, scales, kills, drains; at the end nothing may differ."""
