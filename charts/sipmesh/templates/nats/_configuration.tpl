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
  user: $NATS_USER
  password: $NATS_PASSWORD
}
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
  routes: [{{ range $i := until (int .Values.nats.replicas) }}{{ if $i }}, {{ end }}$NATS_ROUTE_{{ $i }}{{ end }}]
}
{{- end }}
{{- end -}}
