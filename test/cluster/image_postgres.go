//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// postgresStart makes the data folder if it is empty, and becomes the server.
const postgresStart = `set -e
data=${PGDATA:-/var/lib/postgresql/data} user=${POSTGRES_USER:-postgres}
if [ ! -s "$data/PG_VERSION" ]; then
	printf %s "${POSTGRES_PASSWORD:?set it}" >/tmp/password
	initdb -D "$data" -U "$user" --pwfile=/tmp/password -A scram-sha-256 --auth-local=trust -E UTF8 --no-locale
	rm /tmp/password
	echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
	if [ -n "${POSTGRES_DB:-}" ]; then
		echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$data" postgres
	fi
fi
exec postgres -D "$data" -c 'listen_addresses=*' -c unix_socket_directories=/tmp "$@"
`

// Postgres is an image of the machine's PostgreSQL server and clients. It
// understands what the usual images of it do: POSTGRES_PASSWORD (needed),
// POSTGRES_USER, POSTGRES_DB and PGDATA, and arguments for the server. It runs
// as user 999, to whom the data folder must belong.
func Postgres(name string) (Image, error) {
	img, err := busybox(name)
	if err != nil {
		return Image{}, err
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return Image{}, fmt.Errorf("make image %s: %w", name, errors.New("PostgreSQL's server is not installed (run `make packages` as root)"))
	}
	bin := filepath.Dir(found[len(found)-1])
	home := filepath.Dir(bin)
	files := []string{filepath.Join(home, "lib", "plpgsql.so"), filepath.Join(home, "lib", "dict_snowball.so")}
	for _, program := range []string{"postgres", "initdb", "psql", "pg_dump", "pg_isready"} {
		files = append(files, filepath.Join(bin, program))
	}
	for _, file := range files {
		img.Files[file] = file
		img.addLibraries(file)
	}
	if err := img.addFolder(filepath.Join("/usr/share/postgresql", filepath.Base(home))); err != nil {
		return Image{}, fmt.Errorf("make image %s: %w", name, err)
	}
	img.Texts["/etc/passwd"] += "postgres:x:999:999:postgres:/:/bin/sh\n"
	img.Texts["/start.sh"] = postgresStart
	img.Entrypoint, img.Cmd = []string{"/bin/sh", "/start.sh"}, nil
	img.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "HOME=/tmp", "PGHOST=/tmp"}
	img.User = "999"
	return img, nil
}

// addFolder adds the files of a folder of the machine, where they are.
func (img Image) addFolder(dir string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			img.Files[file] = file
		}
		return err
	})
}
