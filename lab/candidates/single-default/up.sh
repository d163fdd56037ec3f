# One default route; what a machine has after its second and third line were plugged in and nothing else was done.
ip route add default via "$GW1" dev "$IF1"
