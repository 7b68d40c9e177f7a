package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// httpOff reports that there is no HTTP server.
func (s *settings) httpOff() bool { return s.HTTPAddr == "off" }

func (s *settings) checkAddresses() error {
	listen := map[string]string{"--addr": s.Addr, "--kafka-addr": s.KafkaAddr}
	if !s.httpOff() {
		listen["--http-addr"] = s.HTTPAddr
	}
	var errs []error
	names := []string{"--addr", "--kafka-addr", "--http-addr"}
	for i, name := range names {
		addr, ok := listen[name]
		if !ok {
			continue
		}
		if _, _, err := splitAddress(addr); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		for _, other := range names[:i] {
			if samePort(addr, listen[other]) {
				errs = append(errs, fmt.Errorf("%s %s and %s %s want the same port: change one of them", other, listen[other], name, addr))
			}
		}
	}
	return errors.Join(append(errs, s.checkAdvertised())...)
}

func (s *settings) checkAdvertised() error {
	if s.KafkaAdvertisedAddr == "" {
		return nil
	}
	host, port, err := splitAddress(s.KafkaAdvertisedAddr)
	switch {
	case err != nil:
		return fmt.Errorf("--kafka-advertised-addr: %w", err)
	case strings.Contains(host, "%"):
		return fmt.Errorf("--kafka-advertised-addr: %q names an interface of this machine, which means nothing to a client: name the host", s.KafkaAdvertisedAddr)
	case isWildcard(host):
		return fmt.Errorf("--kafka-advertised-addr: %q is no address that a client could connect to: name the host", s.KafkaAdvertisedAddr)
	case port == 0:
		return fmt.Errorf("--kafka-advertised-addr: %q has port 0: name the port that clients connect to", s.KafkaAdvertisedAddr)
	}
	return nil
}

// splitAddress takes host:port apart. The port is a number: a name would depend
// on the machine.
func splitAddress(addr string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not an address: write host:port, for example 0.0.0.0:9092 or [::1]:9092", addr)
	}
	if !isHost(host) {
		return "", 0, fmt.Errorf("%q has no host before its port: write a name or an IP address alone, for example broker-1.example.com:9092", addr)
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q has no port number between 0 and 65535", addr)
	}
	return host, uint16(n), nil
}

// isHost reports an IP address, a name that a resolver could know (with the underscores of container
// networks), or nothing, which is every address of the machine.
func isHost(host string) bool {
	if host == "" {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name := strings.TrimSuffix(host, ".")
	if len(name) > 253 || strings.Trim(name, "0123456789.") == "" { // an IP address gone wrong
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

func isWildcard(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// samePort reports whether two listeners cannot both have what they ask for.
func samePort(a, b string) bool {
	hostA, portA, errA := splitAddress(a)
	hostB, portB, errB := splitAddress(b)
	if errA != nil || errB != nil || portA != portB || portA == 0 {
		return false
	}
	return sameHost(hostA, hostB) || sameHost(hostB, hostA)
}

// sameHost reports whether a is b or covers it. Of names only localhost is known by itself.
func sameHost(a, b string) bool {
	if isWildcard(a) {
		all, errA := netip.ParseAddr(a)
		one, errB := netip.ParseAddr(b)
		// 0.0.0.0 is every address of IPv4 alone; the other wildcards are all of both kinds.
		return errA != nil || all.Is6() || errB != nil || one.Unmap().Is4()
	}
	return strings.EqualFold(a, b) || loopback(a) != "" && loopback(a) == loopback(b) || sameIP(a, b)
}

// loopback returns the address that localhost is nearly everywhere, or "".
func loopback(host string) string {
	if strings.EqualFold(host, "localhost") || host == "127.0.0.1" {
		return "127.0.0.1"
	}
	return ""
}

func sameIP(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}
