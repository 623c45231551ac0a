package relay

import "golang.org/x/sys/unix"

// tcpOptions reads what every relayed socket is to have.
func tcpOptions() map[string]func(fd int) int {
	get := func(level, name int) func(int) int {
		return func(fd int) int { v, _ := unix.GetsockoptInt(fd, level, name); return v }
	}
	return map[string]func(int) int{
		"SO_KEEPALIVE": get(unix.SOL_SOCKET, unix.SO_KEEPALIVE),
		"TCP_NODELAY":  get(unix.IPPROTO_TCP, unix.TCP_NODELAY),
	}
}
