# Everything leaves by the carrier; the LAN hides behind the router, in a tunnel too.
ip route add default via "$GW1" dev "$IF1"
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 ! -o br-lan -j MASQUERADE
