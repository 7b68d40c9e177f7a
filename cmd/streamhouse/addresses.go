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

// httpOff reports that there is no HTTP server: no probes, no scrapes, no profiles. Only the
// word is off; an empty address is a mistake and refused.
func (s *settings) httpOff() bool { return s.HTTPAddr == "off" }

// checkAddresses returns all that is wrong with the addresses, joined. It catches two listeners
// on one port before anything is bound, where the system would only say that it is in use.
func (s *settings) checkAddresses() error {
	listen := map[string]string{"--addr": s.Addr, "--kafka-addr": s.KafkaAddr}
	if !s.httpOff() {
		listen["--http-addr"] = s.HTTPAddr
	}
	var errs []error
	// A slice, so that the same mistake is always told in the same words.
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

// checkAdvertised refuses what no client could connect to. Unset is not checked: then each
// client is told the address that it has reached itself.
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

// splitAddress takes host:port apart. The port is a number, 0 included, which is one that the
// system chooses: a name would depend on the machine. An empty host is every address.
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
	// RFC 1035, 2.3.4: a name has 255 bytes with the length of its first label and the root.
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

// hostLabel is one label of a host name: 63 bytes at most (RFC 1035), a digit first is allowed (RFC 1123).
var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// isWildcard reports every address of the machine: no host, 0.0.0.0 or ::.
func isWildcard(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// samePort reports whether two listeners cannot both have what they ask for. Port 0 never
// clashes, and an address that cannot be read is told by itself.
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

// sameIP reports one address in two spellings: 127.0.0.1 and ::ffff:127.0.0.1 are one.
func sameIP(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}
