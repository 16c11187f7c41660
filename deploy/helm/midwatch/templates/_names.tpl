{{- define "midwatch.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "midwatch.account" -}}
{{- .Values.serviceAccount.name | default (include "midwatch.name" .) }}
{{- end }}

{{- define "midwatch.secret" -}}
{{- .Values.existingSecret | default (include "midwatch.name" .) }}
{{- end }}

{{- define "midwatch.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "midwatch.labels" -}}
{{ include "midwatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
