# Run by OpenVPN as its tunnel comes up. The main table is asked first of all, as it has no default route.
ip route replace 10.20.0.0/24 dev "$dev"
