package main

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	addr := taken.Addr().String()
	free := "127.0.0.1:0"
	for flag, s := range map[string]settings{
		"--addr":       {Addr: addr, KafkaAddr: free, HTTPAddr: free},
		"--kafka-addr": {Addr: free, KafkaAddr: addr, HTTPAddr: free},
		"--http-addr":  {Addr: free, KafkaAddr: free, HTTPAddr: addr},
	} {
		_, err := listen(t.Context(), &s)
		require.ErrorContains(t, err, flag+" "+addr+": the port is in use: stop the program that has it, or choose another one")
	}
}

func TestPortsThatCannotBeHad(t *testing.T) {
	_, err := listen(t.Context(), &settings{Addr: "192.0.2.1:0", HTTPAddr: "off"})
	require.ErrorContains(t, err, "--addr 192.0.2.1:0: this machine does not have that address")
	_, err = listen(t.Context(), &settings{Addr: "no-such-host.invalid:0", HTTPAddr: "off"})
	require.ErrorContains(t, err, "--addr no-such-host.invalid:0: cannot listen")
	if os.Getuid() != 0 {
		_, err = listen(t.Context(), &settings{Addr: "127.0.0.1:1", HTTPAddr: "off"})
		require.ErrorContains(t, err, "need a privilege")
	}
}

func TestHTTPCanBeOff(t *testing.T) {
	p, err := listen(t.Context(), &settings{Addr: "127.0.0.1:0", KafkaAddr: "127.0.0.1:0", HTTPAddr: "off"})
	require.NoError(t, err)
	defer p.close()
	require.Equal(t, "off", p.httpAddr())
	require.Empty(t, p.httpDoor(httpServer{}))
}
