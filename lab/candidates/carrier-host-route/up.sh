# Everything leaves by the carrier; the LAN hides behind the router, in a tunnel too.
ip route add default via "$GW1" dev "$IF1"
iptables -t nat -A POSTROUTING -s 192.168.10.0/24 ! -o br-lan -j MASQUERADE

# The VPN server alone is reached by the second line.
ip route add 111.222.33.44 via "$GW2" dev "$IF2"
