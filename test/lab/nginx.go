package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Nginx starts a real nginx on the host. Config is what stands in its http block. It
// says in its log, [Server.Log], who asked for what: CLIENT "REQUEST" STATUS host=HOST
// sni=SNI.
func (h *Host) Nginx(name, config string) (*Server, error) {
	dir, err := os.MkdirTemp(h.lab.dir, "nginx-"+name+"-")
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`daemon off; master_process off;
pid %[1]s/pid;
worker_processes 1;
error_log stderr warn;
events { worker_connections 16384; }
http {
	log_format said '$remote_addr "$request" $status host=$http_host sni=$ssl_server_name';
	access_log /dev/stdout said;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
%[2]s
}
`, dir, config)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s, err := h.serve("nginx-"+name, func() *exec.Cmd {
		return h.Command(context.Background(), "nginx", "-p", dir, "-c", file, "-e", "stderr", "-g", "user root;")
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s, s.await(ctx, func(context.Context) error {
		_, err := os.Stat(filepath.Join(dir, "pid"))
		return err
	})
}
