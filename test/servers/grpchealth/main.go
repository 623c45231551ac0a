// Command grpchealth is a real gRPC server with the health service, for the tests of
// internal/probe. It is a module of its own: gRPC is no dependency of the product.
//
// It serves on loopback, prints its address, and ends with its standard input.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func main() {
	cert := flag.String("cert", "", "file of the certificate; none means no TLS")
	key := flag.String("key", "", "file of its key")
	bare := flag.Bool("bare", false, "have no health service")
	code := flag.Uint("code", 0, "answer every call with this status")
	flag.Parse()
	if err := run(*cert, *key, *bare, codes.Code(*code)); err != nil {
		fmt.Fprintln(os.Stderr, "grpchealth:", err)
		os.Exit(1)
	}
}

func run(cert, key string, bare bool, code codes.Code) error {
	options := []grpc.ServerOption{grpc.UnaryInterceptor(
		func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if code != codes.OK {
				return nil, status.Error(code, "as told, 100% sure: ü")
			}
			return next(ctx, req)
		})}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
	}
	s := grpc.NewServer(options...)
	if !bare {
		h := health.NewServer() // it says that the whole server serves
		h.SetServingStatus("sick", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		h.SetServingStatus("odd", grpc_health_v1.HealthCheckResponse_UNKNOWN)
		h.SetServingStatus("sound", grpc_health_v1.HealthCheckResponse_SERVING)
		grpc_health_v1.RegisterHealthServer(s, h)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		s.Stop()
	}()
	return s.Serve(ln)
}
