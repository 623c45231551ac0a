// Command grpchealth is a real gRPC server with the health service, for tests, and a real
// client of it. It is a module of its own: gRPC is no dependency of the product.
//
// The server is on loopback, prints its address, and ends with its standard input; with
// -listen it is elsewhere, and ends when it is told to.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func main() {
	cert := flag.String("cert", "", "file of the certificate; none means no TLS")
	key := flag.String("key", "", "file of its key")
	bare := flag.Bool("bare", false, "have no health service")
	code := flag.Uint("code", 0, "answer every call with this status")
	listen := flag.String("listen", "", "address to serve on")
	ask := flag.String("ask", "", "be a client: ask the server at this address, and print what it says")
	flag.Parse()
	err := error(nil)
	if *ask != "" {
		err = client(*ask)
	} else {
		err = run(*listen, *cert, *key, *bare, codes.Code(*code))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpchealth:", err)
		os.Exit(1)
	}
}

// client asks by a call of one answer, and by a stream. It speaks no TLS.
func client(addr string) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	h := grpc_health_v1.NewHealthClient(conn)
	answer, err := h.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "sick"})
	if err != nil {
		return err
	}
	stream, err := h.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "sound"})
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	fmt.Println("sick is", answer.GetStatus(), "and sound is", first.GetStatus())
	_, err = h.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "absent"})
	fmt.Println("absent is", status.Code(err))
	return nil
}

func run(listen, cert, key string, bare bool, code codes.Code) error {
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
	if listen != "" {
		ln, err := net.Listen("tcp", listen)
		if err != nil {
			return err
		}
		return s.Serve(ln)
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
