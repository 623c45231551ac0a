{{/* Labels of every object. There is one Fairlead in a cluster, so names are fixed. */}}
{{- define "fairlead.labels" -}}
{{ include "fairlead.selector" . }}
app.kubernetes.io/part-of: fairlead
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* What selects the Pods. It can never change: a Deployment's selector is immutable. */}}
{{- define "fairlead.selector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/component: controller
{{- end }}

{{- define "fairlead.gatewayLabels" -}}
{{ include "fairlead.gatewaySelector" . }}
app.kubernetes.io/part-of: fairlead
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "fairlead.gatewaySelector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/component: gateway
{{- end }}

{{- define "fairlead.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Nine tenths of a quantity of memory, as Go's GOMEMLIMIT wants it: the rest is for
     what the Go runtime does not count. */}}
{{- define "fairlead.gomemlimit" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $unit := regexFind "[A-Za-z]*$" . -}}
{{- if not (hasKey $units $unit) -}}
{{- fail (printf "resources.limits.memory: %q has a unit that is not known here; write for instance 512Mi or 1Gi" .) -}}
{{- end -}}
{{- divf (mulf (trimSuffix $unit .) (get $units $unit) 0.9) 1048576 | floor | int64 }}MiB
{{- end }}
