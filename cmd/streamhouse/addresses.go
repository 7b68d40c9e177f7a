package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
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
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q has no port number between 0 and 65535", addr)
	}
	return host, uint16(n), nil
}

func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// samePort reports whether two listeners cannot both have what they ask for.
func samePort(a, b string) bool {
	hostA, portA, errA := splitAddress(a)
	hostB, portB, errB := splitAddress(b)
	if errA != nil || errB != nil || portA != portB || portA == 0 {
		return false
	}
	return hostA == hostB || isWildcard(hostA) || isWildcard(hostB)
}
