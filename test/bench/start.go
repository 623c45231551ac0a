//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

func measureStart(ctx context.Context, b *bench, s *section) error {
	s.peer = "CoreDNS"
	many := thousands(b.size.many)
	s.about = []string{
		fmt.Sprintf("From starting the process to the first right answer for the name that comes last, over UDP, asked for every %s; a new process each time, with what it reads in the page cache. The services are as above, in files of %d: %d are one file, %s are %d files. CoreDNS reads its %d from the API server, `kubernetes` plugin alone.", askEvery, perFile, few, many, b.size.many/perFile, few),
		fmt.Sprintf("Memory is what is resident (RSS) right after that answer, and %s later without a question; CPU at rest is over that time. Fairlead's holds the relay's listeners and the status page, too, CoreDNS's is DNS alone. The goals for %s services are the design's, which has probes in them, too: nothing is probed here.", b.size.rest, many),
	}
	t := make(table)
	small, large := services(few, firstIP), services(b.size.many, firstOfMany)
	if err := b.starts(ctx, t, "few", small); err != nil {
		return err
	}
	if err := b.starts(ctx, t, "many", large); err != nil {
		return err
	}
	for _, size := range []struct{ id, text string }{{"few", fmt.Sprint(few)}, {"many", many}} {
		for _, m := range []struct {
			id, what string
			unit     unit
		}{
			{"took", "Start to first answer", seconds},
			{"first", "Memory after the first answer", mebibytes},
			{"rest", "Memory at rest", mebibytes},
			{"cpu", "CPU at rest, of one core", cores},
		} {
			id := size.id + "-" + m.id
			s.add(row{
				id: "start-" + id, what: fmt.Sprintf("%s, %s services", m.what, size.text), unit: m.unit,
				ours: t[id]["fairlead"], peer: t[id]["CoreDNS"], goal: startGoal(id),
			})
		}
	}
	return nil
}

// startGoal is what the design asks for.
func startGoal(id string) goal {
	switch id {
	case "few-took":
		return below(0.3, seconds)
	case "many-rest":
		return below(300<<20, mebibytes)
	case "many-cpu":
		return below(0.3, cores)
	}
	return goal{}
}

// starts starts fairlead, and for the small set CoreDNS, again and again.
func (b *bench) starts(ctx context.Context, t table, id string, all []service) error {
	dir, err := b.manifests(all)
	if err != nil {
		return err
	}
	begin := map[string]func() (*process, resolver, error){
		"fairlead": func() (*process, resolver, error) {
			f, err := b.runFairlead(dir, nowhere)
			if err != nil {
				return nil, resolver{}, err
			}
			return f.process, resolver{name: "fairlead", dns: f.dns}, nil
		},
	}
	subjects, times := []string{"fairlead"}, b.size.bigOnes
	if id == "few" {
		tier, err := b.control(ctx, all)
		if err != nil {
			return err
		}
		begin["CoreDNS"] = func() (*process, resolver, error) {
			c, err := b.runCoreDNS(tier, "")
			if err != nil {
				return nil, resolver{}, err
			}
			return c.process, resolver{name: "CoreDNS", dns: c.dns}, nil
		}
		subjects, times = append(subjects, "CoreDNS"), b.size.starts
	}
	left := map[string]int{}
	return inTurn(ctx, times, subjects, func(round int, name string) error {
		p, r, err := begin[name]()
		if err != nil {
			return err
		}
		defer p.kill()
		took, err := serving(ctx, p, r.dns, all[len(all)-1])
		if err != nil {
			return err
		}
		memory, err := p.memory()
		if err != nil {
			return err
		}
		t.add(id+"-took", name, took.Seconds())
		t.add(id+"-first", name, memory)
		b.progress("start %d/%d  %5d services  %-9s %s", round+1, times, len(all), name, seconds.format(took.Seconds()))
		if left[name]++; left[name] < times {
			return check(ctx, r.dns, all[:min(50, len(all))])
		}
		return b.atRest(ctx, t, id, name, p)
	})
}

// atRest leaves a process alone for a while.
func (b *bench) atRest(ctx context.Context, t table, id, name string, p *process) error {
	before, began := p.cpu(), time.Now()
	pause(ctx, b.size.rest)
	t.add(id+"-cpu", name, (p.cpu()-before).Seconds()/time.Since(began).Seconds())
	memory, err := p.memory()
	t.add(id+"-rest", name, memory)
	return err
}
