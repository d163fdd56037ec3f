# Run by OpenVPN as its tunnel comes up: what is marked for the company goes through it. As the tunnel goes down, it loses its
# address, and the kernel takes the route away by itself.
ip route replace default dev "$dev" table 100
