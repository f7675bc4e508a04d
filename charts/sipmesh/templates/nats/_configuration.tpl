{{- define "sipmesh.natsConfiguration" -}}
server_name: $POD_NAME
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
pid_file: /run/nats/nats.pid
# A silent client is noticed within seconds.
ping_interval: "1s"
ping_max: 2
lame_duck_grace_period: "2s"
lame_duck_duration: "30s"
authorization {
  users: [{ user: $NATS_USER, password: $NATS_PASSWORD }]
}
{{- if .Values.tls.enabled }}
# Only who shows a certificate of this release gets as far as the password.
tls {
  {{- include "sipmesh.natsCertificate" . | nindent 2 }}
  verify: true
  handshake_first: true
}
# Is told to read the certificate again.
accounts {
  $SYS { users: [{ user: system, password: $NATS_SYSTEM_PASSWORD }] }
}
{{- end }}
jetstream {
  store_dir: /data
  max_memory_store: 128MB
}
{{- if gt (int .Values.nats.replicas) 1 }}
cluster {
  name: {{ include "sipmesh.fullname" . }}
  listen: "0.0.0.0:6222"
  authorization {
    user: $NATS_USER
    password: $NATS_PASSWORD
  }
  {{- if .Values.tls.enabled }}
  # Between servers both sides show their certificate.
  tls {
    {{- include "sipmesh.natsCertificate" . | nindent 4 }}
  }
  {{- end }}
  routes: [{{ range $i := until (int .Values.nats.replicas) }}{{ if $i }}, {{ end }}$NATS_ROUTE_{{ $i }}{{ end }}]
}
{{- end }}
{{- end -}}

{{- define "sipmesh.natsCertificate" -}}
ca_file: /etc/nats-tls/ca.crt
cert_file: /etc/nats-tls/tls.crt
key_file: /etc/nats-tls/tls.key
timeout: 5
{{- end -}}
