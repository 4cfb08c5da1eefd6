"""A trained run labels text: OpenVINO without TensorFlow, or TensorFlow; exports; writers."""
