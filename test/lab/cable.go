package lab

// Unplug pulls the host's cable: nothing reaches it, and nobody is told.
func (h *Host) Unplug() error { return h.lab.sw.ip("link", "set", h.port, "down") }

// Plug undoes Unplug.
func (h *Host) Plug() error { return h.lab.sw.ip("link", "set", h.port, "up") }

// Remove takes the host off the network for good, so that its address is free
// for another one. What runs there goes on, unheard, until the lab ends.
func (h *Host) Remove() error { return h.lab.sw.ip("link", "delete", h.port) }
